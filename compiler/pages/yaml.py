"""1xx: the text itself."""

from mrlc.compiler.example import SPEC, Edit
from mrlc.compiler.page import Page

DESCRIBED = (
    Edit("- name: find_bike\n", "- name: find_bike\n      description: A bike's job.\n"),
    Edit("- name: book\n", "- name: book\n      description: Book a visit.\n"),
)
"""What a model from the Hub should be told."""

PAGES = {
    "MRLC101": Page("""\
A spec is a UTF-8 text file. A file in another encoding is mostly one saved by a Windows editor;
a path that leads nowhere is mostly a slip of the keys.

Save the file as UTF-8, and check the path."""),
    "MRLC102": Page(
        """\
The text breaks YAML's own rules, so nothing can be said of its content yet. Tabs for indentation,
a colon inside an unquoted text and a bracket that is never closed are the usual causes.

Indent by spaces, and quote a text that holds `: `, ` #`, or begins with one of `[{*&!|>%@`.""",
        (Edit("Bike desk.", "Bike desk: open"),),
        (Edit("Bike desk.", '"Bike desk: open"'),),
    ),
    "MRLC103": Page(
        """\
A spec is a mapping of sections. An empty file, or one that holds a list, is none.

Begin with `mrlc: v1`, and write each section as a key at the left margin.""",
        (Edit(None, "- mrlc: v1\n- name: desk\n", SPEC),),
    ),
    "MRLC104": Page(
        """\
YAML readers keep the last of two equal keys, silently. The first, which a reviewer may have read,
has no effect.

Keep one of them.""",
        (Edit("steps: 2,", "steps: 2, steps: 20,"),),
        (Edit("steps: 2,", "steps: 20,"),),
    ),
    "MRLC105": Page(
        """\
`<<` copies keys from elsewhere in a way that hides where a value comes from, and readers differ on
which side wins.

Put shared values in a file and name it under `extends`, or use an anchor for a whole value.""",
        (Edit("{human: 2}", "{<<: {human: 2}}"),),
        (Edit("{human: 2}", "&budget {human: 2}"),),
    ),
    "MRLC106": Page(
        """\
Keys are names, so they are text. A number or truth value as a key has no spelling of its own in
JSON, and `{{ … }}` without quotes is a mapping to YAML.

Quote the key, or the whole expression.""",
        (Edit("steps: 2,", "steps: {{ vars.steps }},"),),
        (Edit("steps: 2,", 'steps: "{{ 1 + 1 }}",'),),
    ),
    "MRLC107": Page(
        """\
Tags such as `!!python/object` make a reader build something other than data. A spec is data.

Leave the tag out; quotes alone make a value text.""",
        (Edit("Bike desk.", "!!str Bike desk."),),
        (Edit("Bike desk.", '"Bike desk."'),),
    ),
    "MRLC108": Page(
        """\
An infinite number, or none, has no JSON and no meaning here. Mostly it is a commit id such as
5e12345, which YAML reads as a number with an exponent.

Quote the id.""",
        (Edit("base: tiny", "base: org/model, revision: 5e12345"), *DESCRIBED),
        (Edit("base: tiny", 'base: org/model, revision: "5e12345"'), *DESCRIBED),
    ),
    "MRLC109": Page(
        """\
A spec larger than a megabyte, nested deeper than any real one, or grown by aliases of aliases is a
mistake or an attack, and would cost memory and time to read.

Move data into files of their own, and name them in the spec.""",
        (Edit("Bike desk.", "[" * 64 + "]" * 64),),
    ),
}
