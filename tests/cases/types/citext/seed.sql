INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 'Ab'),
  (2, 'aC'),
  (3, 'ÉÉ'),
  (4, NULL);
