"""SageMaker: what sends a job there and asks after it, and a local stand-in for it."""
