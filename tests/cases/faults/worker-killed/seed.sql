INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 50) n;
INSERT INTO lines SELECT n, 1 + n % 50, 'line ' || n FROM generate_series(1, 200) n;
