"""Test reports: archives and files of any format in, cases out."""
