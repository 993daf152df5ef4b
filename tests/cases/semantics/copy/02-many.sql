INSERT INTO lines SELECT 3, n, 'x' || n FROM generate_series(1, 30) n;
DELETE FROM lines WHERE order_id = 3 AND line_no > 2;
