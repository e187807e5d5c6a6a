"""Reports for other people's programs, a module each. What they are and who reads them: docs/formats.md."""
