INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '{[1,3),[5,8)}'),
  (2, '{}'),
  (3, NULL);
