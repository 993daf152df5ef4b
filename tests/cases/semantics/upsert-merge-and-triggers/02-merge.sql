MERGE INTO lines l USING (VALUES (1, 2, 7), (2, 2, 5), (3, 3, 1)) v (id, order_id, amount) ON l.id = v.id
  WHEN MATCHED THEN UPDATE SET order_id = v.order_id, amount = v.amount
  WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.order_id, v.amount);
MERGE INTO orders o USING (VALUES (4)) v (id) ON o.id = v.id WHEN MATCHED THEN DELETE;
