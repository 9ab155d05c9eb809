"""Finds similar documents with TF-IDF, explains why, and calibrates confidence. No Django."""
