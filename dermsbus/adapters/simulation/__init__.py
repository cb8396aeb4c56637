"""A fleet that exists only in memory, with believable physics: sun and clouds, storage, cars, engines, loads."""
