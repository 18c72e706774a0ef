"""31x to 33x: the files that a spec names, and what is in them."""

from mrlc.compiler.example import Edit
from mrlc.compiler.page import Page

TRAIN, VALIDATION = "specs/data/train.jsonl", "specs/data/validation.jsonl"
TEST, DEMOS = "specs/data/test.jsonl", "specs/data/demos.jsonl"
BIKES, SHOP, CODE = "specs/bikes.csv", "specs/shop.sql", "specs/rewards.py"
WRITE = '"INSERT INTO visits VALUES (:day)"'
SECOND = '{"id": "t2", "question": "Bike 2?", "expected": {"job": "J2", "days": 0}}'
LISTED = (
    Edit("  answer:\n", "    - name: files\n      file: {state: work, action: list}\n  answer:\n"),
    Edit("{human: 2}", "{human: 2, max_tokens: 128}"),
)

PAGES = {
    "MRLC310": Page(
        """\
The plan carries every file that the spec names, so each must be there when it is compiled.

Paths are relative to the file in which they are written.""",
        (Edit("data/train.jsonl", "data/tran.jsonl"),),
    ),
    "MRLC311": Page(
        """\
The suffix says how a file is read, so it must be one that the field can read.

Name a file of the right kind; the text under the carets lists the suffixes.""",
        (Edit("sqlite: shop.sql", "sqlite: bikes.csv"),),
    ),
    "MRLC312": Page(
        """\
A plan must build from a checkout alone, so no path may lead out of it: what lies outside is not in
git and not on the next machine.

Copy the file into the project.""",
        (Edit("data/train.jsonl", "/data/train.jsonl"),),
    ),
    "MRLC313": Page(
        """\
A local model is a folder with its configuration, its tokenizer and its weights. A folder without
one of them fails only after a machine is rented.

Save model and tokenizer with `save_pretrained` into one folder.""",
        (Edit("base: tiny", "base: ./data"),),
    ),
    "MRLC320": Page(
        """\
A row that cannot be read is a task that would be left out silently, and a row with another number
of cells has its values in the wrong columns.

Correct the row; a JSONL row is one JSON object on one line.""",
        (Edit("2,J2,0", "2,J2", BIKES),),
        (Edit("2,J2,0", "2,J2,1", BIKES),),
    ),
    "MRLC321": Page(
        """\
There is nothing to train on, to measure on, or to answer a call with. An export that failed leaves
such a file.

Export it again.""",
        (Edit(None, "number,job,days\n", BIKES),),
    ),
    "MRLC322": Page(
        """\
The id names a task in records, seeds and reports; two tasks of one id cannot be told apart there.

Give each its own. Without an `id` column, a task's id is its row number.""",
        (Edit('"t2"', '"t1"', TRAIN),),
        (Edit('"t2"', '"t3"', TRAIN),),
    ),
    "MRLC323": Page(
        """\
A held-out task that was trained on measures memory. A task is the same by its id, or by its content
whatever its id.

Remove it from one of the splits.""",
        (Edit('"id": "h1", "question": "Bike 4?"', '"id": "t1", "question": "Bike 4?"', TEST),),
        (Edit('"id": "h1", "question": "Bike 4?"', '"id": "h2", "question": "Bike 4?"', TEST),),
    ),
    "MRLC324": Page(
        """\
What a prompt, a reward or a tool reads must be in every row, or an episode breaks in the middle of
a run.

Correct the name; the message shows the first row without it.""",
        (Edit("{{ task.question }}", "{{ task.qestion }}"),),
        (Edit("{{ task.question }}", "{{ task.id }}: {{ task.question }}"),),
    ),
    "MRLC330": Page(
        """\
A replay table and an SQL statement are asked by the tool's parameters. A name that is none of them
would never be given; a parameter that nothing uses would be ignored.

Correct the name, or declare the parameter.""",
        (Edit(":day", ":dey"),),
    ),
    "MRLC331": Page(
        """\
A CSV cell is text until `types` says otherwise; this one cannot be read as that type, so the tool
would break when it is called.

Correct the cell, or name the cells that mean null under `null_values`.""",
        (Edit("2,J2,0", "2,J2,soon", BIKES),),
        (Edit("2,J2,0", "2,J2,", BIKES),),
    ),
    "MRLC332": Page(
        """\
A tool or probe works on a state of the environment, by its name.

Correct the name, or declare the state.""",
        (
            Edit("state: shop, write", "state: shp, write"),
            Edit(
                "  answer:\n",
                '    - name: clear\n      sql: {state: shop, write: "DELETE FROM visits"}\n'
                "  answer:\n",
            ),
        ),
    ),
    "MRLC333": Page(
        """\
Every seed is run and every statement prepared when the spec is compiled, so that no episode meets a
misspelt table. `read` is one SELECT, `write` one INSERT, UPDATE or DELETE.

The message is SQLite's own.""",
        (Edit(WRITE, '"INSERT INTO visit VALUES (:day)"'),),
        (Edit(WRITE, '"INSERT INTO visits (day) VALUES (:day)"'),),
    ),
    "MRLC334": Page(
        """\
Tools, components and plans are known by their names: in calls, metrics and folders. Two of one name
cannot be told apart.

Rename one.""",
        (Edit("name: polite", "name: fields"),),
        (Edit("name: polite", "name: manners"),),
    ),
    "MRLC335": Page(
        """\
`file.py:name` must be a name defined at the top of a file that parses. Nothing is imported to find
out.

Define the function, or correct its name.""",
        (Edit('"rewards.py:polite"', '"rewards.py:polit"'),),
        (Edit("def polite(outcome):", "def polite(trajectory):", CODE),),
    ),
    "MRLC336": Page(
        """\
A demonstration shows the model an episode, so it must be one that could happen: of a training task,
with the tools there are, each call answered, an assistant at the end.

Correct the row, or export it again.""",
        (Edit('{"task": "t1", ', '{"task": "h1", ', DEMOS),),
        (Edit('{"task": "t1", ', '{"task": "t2", ', DEMOS),),
    ),
    "MRLC337": Page(
        """\
A typed answer has exactly the declared fields. An expected value with others, or of other types,
can never be reached, so the task is lost whatever the model does.

Correct the data, or the declaration of the answer.""",
        (Edit(SECOND, SECOND.replace('"days": 0', '"days": "0"'), TRAIN),),
        (Edit(SECOND, SECOND.replace('"days": 0', '"days": 7'), TRAIN),),
    ),
    "MRLC346": Page(
        """\
The plan carries every file of the folder that an episode begins with, hidden ones left out, so that
the run finds what was compiled. A symbolic link could lead to another file on the next machine.

Put plain files with plain names there, up to 256 of them and 1 MiB in all; for a folder that begins
without files, write `folder: empty`.""",
        (
            Edit("{sqlite: shop.sql}\n", "{sqlite: shop.sql}\n    work: {folder: shop.sql}\n"),
            *LISTED,
        ),
        (Edit("{sqlite: shop.sql}\n", "{sqlite: shop.sql}\n    work: {folder: data}\n"), *LISTED),
    ),
}
