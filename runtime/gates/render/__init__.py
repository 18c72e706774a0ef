"""Reports of gates as text: one module a format, each with `render(reports)`."""
