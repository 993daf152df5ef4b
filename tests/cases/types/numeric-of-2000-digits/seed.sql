INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 1e1200),
  (2, -1e-1000),
  (3, 1e990),
  (4, NULL);
