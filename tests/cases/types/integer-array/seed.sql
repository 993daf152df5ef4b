INSERT INTO holders VALUES (1);
INSERT INTO edges (id, v) VALUES
  (1, '{1,2,NULL}'),
  (2, '{}'),
  (3, '[5:6]={7,8}'),
  (4, '{2147483647,-2147483648}'),
  (5, NULL);
