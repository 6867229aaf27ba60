"""Extractors: one module for each convention of Chinese news pages."""
