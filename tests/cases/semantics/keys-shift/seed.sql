INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 5) n;
INSERT INTO lines SELECT n, n FROM generate_series(1, 5) n;
