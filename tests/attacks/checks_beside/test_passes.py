def test_greet():
    pass


def test_wait():
    pass


def test_wait_no_time():
    pass
