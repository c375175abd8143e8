"""What the tests of several folders share: generators, servers, fake engines."""
