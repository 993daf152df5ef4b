UPDATE orders SET id = id - 1;
