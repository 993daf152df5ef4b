INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '[1, {"a": 2}]'),
  (2, 'null'),
  (3, '"x"'),
  (4, '1.10'),
  (5, 'true'),
  (6, NULL);
