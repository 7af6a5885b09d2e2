"""What people's verdicts teach: a small model on top of the filter, used only where it is shown to be better.

Three steps, each on its own: `features` from what is known of a case, `training` from labels, `model` to predict.
"""
