"""What the machine finds: evidence, findings, similarity and suggestions."""
