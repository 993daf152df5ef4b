UPDATE orders SET title = upper(title) WHERE id < 4;
