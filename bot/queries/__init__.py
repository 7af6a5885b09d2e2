"""Use cases that read: ids in, values out, in a bounded number of statements; they never write."""
