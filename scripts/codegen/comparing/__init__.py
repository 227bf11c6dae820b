"""Compares two OpenAPI documents by what they mean: read, brought to one form, held against each other, judged."""
