INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '[0.1,1e22)'),
  (2, 'empty'),
  (3, '[0.30000000000000004,]'),
  (4, '[-Infinity,NaN]'),
  (5, NULL);
