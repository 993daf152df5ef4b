INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '{1.50,NULL,12345678901234567890123456789012345678.10}'),
  (2, '{}'),
  (3, (SELECT array_agg(n + 0.5) FROM generate_series(1, 3) n)),
  (4, NULL);
