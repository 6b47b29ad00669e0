"""The commands of `invoke`; each is documented by `invoke --help COMMAND`."""

from fintank.commands.collection import collection

namespace = collection()
