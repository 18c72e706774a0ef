"""The policy's weights, tokenizer and chat format."""
