"""How an alert reaches people who do not look at the terminal.

A channel is an address that a message is sent to; one module a kind, which registers a sender.
Delivery is apart from the run: it happens in threads of its own, and what cannot be delivered is a
warning, never a fault of the run. A message may arrive twice, after a lost answer or where a run
that was killed fires again; its `id` is then the same.
"""
