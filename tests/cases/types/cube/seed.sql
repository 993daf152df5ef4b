INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '(1,2,3),(4,5,6)'),
  (2, '(1.5)'),
  (3, (SELECT cube(array_agg(n::float8)) FROM generate_series(1, 100) n)),
  (4, NULL);
