INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 'NaN'),
  (2, 'Infinity'),
  (3, '-Infinity'),
  (4, 1),
  (5, 1e400),
  (6, NULL);
