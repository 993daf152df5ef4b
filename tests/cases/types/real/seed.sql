INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 0.1),
  (2, 3.4028235e38),
  (3, 1e-45),
  (4, 16777216),
  (5, -0.0),
  (6, NULL);
