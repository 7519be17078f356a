"""What is true of the API and of a row. Pure: no clock, no disk, no network, no third party."""
