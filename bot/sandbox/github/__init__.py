"""A GitHub on 127.0.0.1: one repository, its runs and checks, and the App that watches them."""
