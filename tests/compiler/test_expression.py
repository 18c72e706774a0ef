"""The expression language, and what it costs."""

from __future__ import annotations

import time

import pytest

from mrlc.compiler.expression import ExpressionFault, parse_template

NAMES = {"vars": {"x": 4, "rate": 1e-5, "name": "desk", "items": [1, 2], "size": {"a": 3}}}


def value(text: str) -> object:
    template = parse_template(text)
    assert template.whole is not None
    return template.whole.evaluate(NAMES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ vars.x }}", 4),
        (" {{ vars.x * 2 }} ", 8),
        ("{{ vars.rate * 2 }}", 2e-5),
        ("{{ vars.x > 3 }}", True),
        ("{{ vars.items }}", [1, 2]),
        ("{{ vars.items | length }}", 2),
        ("{{ vars.items | join('-') }}", "1-2"),
        ("{{ vars.size.a }}", 3),
        ("{{ vars['size']['a'] }}", 3),
        ("{{ vars.none | default(7) }}", 7),
        ("{{ 1.26 | round(1) }}", 1.3),
        ("{{ '%.3f' | format(vars.rate) }}", "0.000"),
        ("{{ vars.name | upper }}", "DESK"),
        ("{{ 'a' if vars.x > 3 else 'b' }}", "a"),
        ("{{ '}}' }}", "}}"),
        ("{{ none }}", None),
    ],
)
def test_value_keeps_its_type(text, expected):
    found = value(text)
    assert (found, type(found)) == (expected, type(expected))


HOSTILE = [
    "{{ 'a' * 10**10 }}",
    "{{ 'a' * 9999999999 }}",
    "{{ [1] * 9999999999 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '%(a)999999999d' | format(a=1) }}",
    "{{ '%*d' | format(999999999, 1) }}",
    "{{ 1.5 | round(999999999, 'ceil') }}",
    "{{ ''.__class__.__mro__ }}",
    "{{ vars.__class__ }}",
    "{{ vars.items() }}",
    "{{ range(10) }}",
    "{{ lipsum() }}",
    "{{ [1, 2] | random }}",
    "{{ [1, 2] | map('string') }}",
    "{{ self }}",
    "{{ cycler }}",
    "{{ 1e308 * 10 }}",
    "{{ 1e999 }}",
    "{{ 1e308 + 1e308 }}",
    "{{ 10 // 0 }}",
    "{{ " + "(" * 200 + "1" + ")" * 200 + " }}",
    "{{ " + "1 + " * 200 + "1 }}",
    "{{ '" + "a" * 600 + "' }}",
    "{{ x",
    "{{ }}",
    "{% for i in range(9) %}{% endfor %}",
    "{# comment #}",
    "{% raw %}{{ x }}{% endraw %}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_expression_is_refused_at_once(text):
    started = time.process_time()
    with pytest.raises(ExpressionFault) as caught:
        value(text)
    assert time.process_time() - started < 1
    start, end = caught.value.at
    assert 0 <= start < end <= len(text)


@pytest.mark.parametrize(
    "text", ["a {{ vars.x }} b {{ vars.name }}", "{{- vars.x -}}  tail", "{{ vars.x\n}} \r\n z"]
)
def test_offsets(text):
    for expression in parse_template(text).expressions:
        start, end = expression.at
        assert text[start:end].startswith("{{")
        assert text[start:end].endswith("}}")
        for use in expression.uses:
            assert text[slice(*use.at)] == ".".join(use.names)
