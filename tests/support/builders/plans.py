"""Hand-written plans over small tables, for the tests of the compilers and of the worker."""

from dataclasses import replace

from read_model.catalog.catalog import Column, TableName
from read_model.plan.model import (
    Compute,
    Condition,
    Constant,
    DocumentPlan,
    Field,
    Include,
    Join,
    Junction,
    Node,
    Order,
    TableUse,
)


def integer(name: str, nullable: bool = True, type_: str = "int8") -> Column:
    """An integer column."""
    return Column(name, type_, nullable=nullable)


def text(name: str) -> Column:
    """A text column."""
    return Column(name, "text")


def key(name: str = "id") -> Column:
    """An integer column that is never null."""
    return integer(name, nullable=False)


def fields(*columns: Column) -> tuple[Field, ...]:
    """Fields named as their columns."""
    return tuple(Field(column.name, column) for column in columns)


ID = key()

CUSTOMERS = TableName("public", "customers")
CUSTOMER_NAME = text("name")
CUSTOMER_EMAIL = text("email")

ORDERS = TableName("public", "orders")
ORDER_CUSTOMER = integer("customer_id")
ORDER_REFERRER = integer("referrer_id")
ORDER_STATUS = text("status")
ORDER_PLACED = Column("placed_at", "timestamptz")
ORDER_DELETED = Column("deleted", "bool")

PRODUCTS = TableName("public", "products")
PRODUCT_SKU = text("sku")
PRODUCT_PRICE = Column("price", "numeric", precision=10, scale=2)
PRODUCT_CATEGORY = integer("category_id")

CATEGORIES = TableName("public", "categories")
CATEGORY_NAME = text("name")
CATEGORY_PARENT = integer("parent_id")

LINES = TableName("public", "order_lines")
LINE_ORDER = key("order_id")
LINE_NO = integer("line_no", nullable=False, type_="int4")
LINE_PRODUCT = integer("product_id")
LINE_QUANTITY = integer("quantity", type_="int4")
LINE_PRICE = Column("unit_price", "numeric", precision=10, scale=2)

PAYMENTS = TableName("public", "payments")
PAYMENT_ORDER = integer("order_id")
PAYMENT_AMOUNT = Column("amount", "numeric")
PAYMENT_FEE = Column("fee", "float8")

TAGS = TableName("public", "tags")
TAG_NAME = text("name")
ORDER_TAGS = TableName("public", "order_tags")
ORDER_TAG_ORDER = key("order_id")
ORDER_TAG_TAG = key("tag_id")
ORDER_TAG_RANK = integer("rank")

CUSTOMER = Node(CUSTOMERS, (ID,), fields(CUSTOMER_NAME, CUSTOMER_EMAIL))
CATEGORY = Node(CATEGORIES, (ID,), fields(CATEGORY_NAME))
PRODUCT = Node(
    PRODUCTS,
    (ID,),
    fields(PRODUCT_SKU, PRODUCT_PRICE),
    includes=(
        Include("category", False, CATEGORY, Join((PRODUCT_CATEGORY,), (ID,)), value=True),
        Include("category_full", False, CATEGORY, Join((PRODUCT_CATEGORY,), (ID,))),
    ),
)
LINE = Node(
    LINES,
    (LINE_ORDER, LINE_NO),
    fields(LINE_NO, LINE_QUANTITY, LINE_PRICE),
    includes=(Include("product", False, PRODUCT, Join((LINE_PRODUCT,), (ID,))),),
)
OF_ORDER = Join((ID,), (LINE_ORDER,))
LINES_OF_ORDER = Include("lines", True, LINE, OF_ORDER, order_by=(Order(LINE_NO), Order(LINE_ORDER)))
PAYMENT = Node(PAYMENTS, (ID,), fields(PAYMENT_AMOUNT, PAYMENT_FEE), where=(Condition(PAYMENT_AMOUNT, ">=", ("0.5",)),))
PAYMENTS_OF_ORDER = Include(
    "payments",
    True,
    PAYMENT,
    Join((ID,), (PAYMENT_ORDER,)),
    order_by=(Order(PAYMENT_AMOUNT, descending=True), Order(PAYMENT_FEE), Order(ID)),
    limit=2,
)
TAG = Node(TAGS, (ID,), fields(TAG_NAME))
TAGS_OF_ORDER = Include(
    "tags",
    True,
    TAG,
    through=Junction(
        ORDER_TAGS, (ORDER_TAG_ORDER, ORDER_TAG_TAG), Join((ID,), (ORDER_TAG_ORDER,)), Join((ORDER_TAG_TAG,), (ID,))
    ),
    order_by=(Order(ORDER_TAG_RANK, descending=True, junction=True), Order(TAG_NAME), Order(ID)),
    value=True,
)

ORDERS_DOCUMENT = DocumentPlan(
    name="orders",
    id=(ID,),
    root=Node(
        ORDERS,
        (ID,),
        fields(ORDER_STATUS, ORDER_PLACED),
        constants=(Constant("kind", "order"), Constant("rank", 7), Constant("live", True), Constant("none", None)),
        includes=(
            Include("customer", False, CUSTOMER, Join((ORDER_CUSTOMER,), (ID,))),
            Include("referrer", False, CUSTOMER, Join((ORDER_REFERRER,), (ID,)), value=True),
            LINES_OF_ORDER,
            PAYMENTS_OF_ORDER,
            TAGS_OF_ORDER,
        ),
        computes=(
            Compute("line_count", "count", LINES_OF_ORDER),
            Compute("goods", "sum", LINES_OF_ORDER, LINE_PRICE),
            Compute("paid", "sum", PAYMENTS_OF_ORDER, PAYMENT_AMOUNT),
            Compute("fees", "sum", PAYMENTS_OF_ORDER, PAYMENT_FEE),
            Compute("dearest", "max", LINES_OF_ORDER, LINE_PRICE),
            Compute("least_fee", "min", PAYMENTS_OF_ORDER, PAYMENT_FEE),
        ),
        where=(Condition(ORDER_DELETED, "=", (False,)), Condition(ORDER_STATUS, "not in", ("draft", "it's"))),
    ),
)
"""Most of the language in one document: both directions, a junction, the same table twice, a filter, limits, aggregates."""

LINES_DOCUMENT = DocumentPlan(
    name="order lines",
    id=(LINE_ORDER, LINE_NO),
    root=Node(
        LINES,
        (LINE_ORDER, LINE_NO),
        fields(LINE_ORDER, LINE_NO, LINE_QUANTITY),
        includes=(
            Include(
                "order",
                False,
                Node(
                    ORDERS,
                    (ID,),
                    fields(ORDER_STATUS),
                    includes=(
                        Include("customer", False, CUSTOMER, Join((ORDER_CUSTOMER,), (ID,))),
                        Include(
                            "siblings",
                            True,
                            Node(LINES, (LINE_ORDER, LINE_NO), fields(LINE_NO)),
                            OF_ORDER,
                            order_by=(Order(LINE_NO, descending=True), Order(LINE_ORDER)),
                            value=True,
                        ),
                    ),
                ),
                Join((LINE_ORDER,), (ID,)),
            ),
        ),
    ),
)
"""A composite key, and the root's table a second time below a dimension."""

CATEGORIES_DOCUMENT = DocumentPlan(
    name="categories",
    id=(ID,),
    root=Node(
        CATEGORIES,
        (ID,),
        fields(ID, CATEGORY_NAME),
        includes=(
            Include(
                "parent",
                False,
                Node(
                    CATEGORIES,
                    (ID,),
                    fields(CATEGORY_NAME),
                    includes=(Include("parent", False, CATEGORY, Join((CATEGORY_PARENT,), (ID,))),),
                ),
                Join((CATEGORY_PARENT,), (ID,)),
            ),
            Include(
                "children",
                True,
                CATEGORY,
                Join((ID,), (CATEGORY_PARENT,)),
                order_by=(Order(CATEGORY_NAME), Order(ID)),
            ),
        ),
        computes=(
            Compute(
                "products",
                "count",
                Include("products", True, Node(PRODUCTS, (ID,)), Join((ID,), (PRODUCT_CATEGORY,))),
            ),
        ),
    ),
)
"""A self-reference, up and down."""

TAGS_DOCUMENT = DocumentPlan(
    name="tags",
    id=(ID,),
    root=Node(
        TAGS,
        (ID,),
        fields(TAG_NAME),
        includes=(
            Include(
                "orders",
                True,
                Node(
                    ORDERS,
                    (ID,),
                    fields(ID, ORDER_STATUS),
                    includes=(PAYMENTS_OF_ORDER,),
                    where=(Condition(ORDER_STATUS, "is not null"),),
                ),
                through=Junction(
                    ORDER_TAGS,
                    (ORDER_TAG_ORDER, ORDER_TAG_TAG),
                    Join((ID,), (ORDER_TAG_TAG,)),
                    Join((ORDER_TAG_ORDER,), (ID,)),
                ),
                order_by=(Order(ORDER_PLACED), Order(ID), Order(ORDER_TAG_ORDER, junction=True)),
                limit=3,
            ),
        ),
    ),
)
"""The junction walked from its other side, limited, with an array inside."""

PRODUCT_OF_LINE = Join((LINE_PRODUCT,), (ID,))
CATEGORY_OF_PRODUCT = Include("", False, CATEGORY, Join((PRODUCT_CATEGORY,), (ID,)), value=True)
PRODUCTS_CATEGORY = Node(PRODUCTS, (ID,), includes=(CATEGORY_OF_PRODUCT,))
FURTHER_DOCUMENT = DocumentPlan(
    name="values from further",
    id=(ID,),
    root=Node(
        ORDERS,
        (ID,),
        fields(ORDER_STATUS),
        includes=(
            Include(
                "categories",
                True,
                Node(
                    LINES,
                    (LINE_ORDER, LINE_NO),
                    includes=(Include("", False, PRODUCTS_CATEGORY, PRODUCT_OF_LINE, value=True),),
                ),
                OF_ORDER,
                order_by=(Order(LINE_NO), Order(LINE_ORDER)),
                value=True,
            ),
            Include(
                "known",
                False,
                Node(CUSTOMERS, (ID,), constants=(Constant("known", True),)),
                Join((ORDER_CUSTOMER,), (ID,)),
                value=True,
            ),
            replace(TAGS_OF_ORDER, name="first_tag", many=False, limit=1, value=False),
        ),
    ),
)
"""A value three tables away, a constant where a row exists, and one row through a junction."""

DOCUMENTS = (ORDERS_DOCUMENT, LINES_DOCUMENT, CATEGORIES_DOCUMENT, TAGS_DOCUMENT, FURTHER_DOCUMENT)

TABLES = (
    TableUse(CUSTOMERS, (ID, CUSTOMER_NAME, CUSTOMER_EMAIL), (ID,)),
    TableUse(
        ORDERS,
        (ID, ORDER_CUSTOMER, ORDER_REFERRER, ORDER_STATUS, ORDER_PLACED, ORDER_DELETED),
        (ID,),
        (("customer_id",), ("referrer_id",)),
    ),
    TableUse(PRODUCTS, (ID, PRODUCT_SKU, PRODUCT_PRICE, PRODUCT_CATEGORY), (ID,), (("category_id",),)),
    TableUse(CATEGORIES, (ID, CATEGORY_NAME, CATEGORY_PARENT), (ID,), (("parent_id",),)),
    TableUse(
        LINES,
        (LINE_ORDER, LINE_NO, LINE_PRODUCT, LINE_QUANTITY, LINE_PRICE),
        (LINE_ORDER, LINE_NO),
        (("order_id",), ("product_id",)),
        deferrable=True,
    ),
    TableUse(PAYMENTS, (ID, PAYMENT_ORDER, PAYMENT_AMOUNT, PAYMENT_FEE), (ID,), (("order_id",),)),
    TableUse(TAGS, (ID, TAG_NAME), (ID,)),
    TableUse(
        ORDER_TAGS,
        (ORDER_TAG_ORDER, ORDER_TAG_TAG, ORDER_TAG_RANK),
        (ORDER_TAG_ORDER, ORDER_TAG_TAG),
        (("order_id",), ("tag_id",)),
    ),
)
