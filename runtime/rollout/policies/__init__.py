"""Who acts: one file a policy, all behind the protocol in `policy.py`."""
