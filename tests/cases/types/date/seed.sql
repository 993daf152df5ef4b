INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '2017-09-15'),
  (2, '0001-01-01'),
  (3, '9999-12-31'),
  (4, '2024-02-29'),
  (5, NULL);
