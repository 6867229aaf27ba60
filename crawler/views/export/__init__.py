"""The data set: a folder of article lines and tables that researchers load, cite and check."""
