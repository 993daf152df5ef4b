INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 'sad'),
  (2, 'Very "happy"'),
  (3, 'ok'),
  (4, NULL);
