"""Tests of the pages, in Chromium against the real server."""
