INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 'infinity'),
  (2, '-infinity'),
  (3, '12345-01-01'),
  (4, '2024-01-01'),
  (5, NULL);
