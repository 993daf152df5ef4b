INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, 'fat & rat'),
  (2, '''it''''s'' | b:A'),
  (3, NULL);
