INSERT INTO docs SELECT (fill(i)).* FROM generate_series(1, 3) i;
