"""The demo on AWS Lambda."""
