"""The one door to the generated client: each operation of the contract, what it sends and how its answer is read.

Requests are built by the generated `_get_kwargs`; what stands here is what a specification cannot say: an answer
without an id is no answer, an id is not a path, an address is not to be trusted.
Batches and files stand apart so that a program which creates a job loads nothing of uploads.
"""
