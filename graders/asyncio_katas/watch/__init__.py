"""`katas watch`: checks again whenever a learner saves."""
