INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 'ab'),
  (2, 'abcde'),
  (3, ''),
  (4, NULL);
