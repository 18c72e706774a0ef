"""Plan to episodes, weights and reports: the only package that imports torch, trl or boto3."""
