INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 'abcde'),
  (2, 'é€𝄞'),
  (3, 'a '),
  (4, NULL);
