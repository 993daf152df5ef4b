INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '04:05:11.789'),
  (2, '04:05'),
  (3, '23:59:59.999999'),
  (4, '00:00'),
  (5, NULL);
