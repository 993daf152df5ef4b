INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 'NaN'),
  (2, 1),
  (3, NULL);
