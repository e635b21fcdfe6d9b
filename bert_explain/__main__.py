"""Start the app: ``bert-explain`` where it is installed, ``python -m bert_explain`` in the repository."""

import argparse
import os
import sys
from pathlib import Path

from bert_explain import __version__
from bert_explain.errors import ExplainError


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 (any free one) to 65535, not {text!r}")
    return port


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="bert-explain" if Path(sys.argv[0]).stem == "bert-explain" else "python -m bert_explain",
        description="Explain BERT on your own sentences, in the browser.",
        epilog="Everything runs on this machine. Ctrl+C stops the server.",
    )
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="the model to open with: a name from the app's list, such as bert-base-uncased, or a folder in "
        "Hugging Face's layout (config.json, the weights, the vocabulary) of a BERT, DistilBERT, ELECTRA or RoBERTa; "
        "default: mini-bert, bundled",
    )
    parser.add_argument(
        "--vectors",
        metavar="FILE",
        help="word vectors of your own for the page on them: a .txt, .vec, .bin or gensim file, .gz too",
    )
    parser.add_argument(
        "--elmo",
        metavar="FOLDER",
        help="an ELMo model of your own: options.json with model.safetensors and vocab.txt, or the original's *.hdf5",
    )
    parser.add_argument(
        "--decoder",
        metavar="FOLDER",
        help="a decoder of your own: a BertLMHeadModel in Hugging Face's layout that looks only backwards",
    )
    parser.add_argument(
        "--settings",
        metavar="FILE",
        help="a TOML file that says which models readers may choose and whether they may have them fetched",
    )
    parser.add_argument(
        "--allow-any-model",
        action="store_true",
        help="any BERT of the Hugging Face hub may be fetched and loaded, not only the listed ones; for a private machine",
    )
    parser.add_argument(
        "--allow-downloads",
        action="store_true",
        help="readers may have listed models fetched though others reach this server; on this machine alone they may anyway",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on (default: %(default)s, this machine only); 0.0.0.0 lets others in",
    )
    parser.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[name for name in os.environ.get("BERT_EXPLAIN_HOSTS", "").split(",") if name.strip()],
        help="a name besides by which readers reach this server, such as one that a proxy serves it under; may be repeated",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=8501,
        help="the port to listen on; if it is taken, the next free one (default: %(default)s)",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open the browser")
    parser.add_argument("--version", action="version", version=f"bert_explain {__version__}")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the server; the exit status."""
    options = parser().parse_args(arguments)
    if options.model:
        folder = Path(options.model).expanduser()
        # Set before anything of the app is imported: the registry of models reads it.
        os.environ["BERT_EXPLAIN_MODEL"] = str(folder.resolve()) if folder.exists() else options.model
    if options.vectors:
        os.environ["BERT_EXPLAIN_VECTORS"] = str(Path(options.vectors).expanduser().resolve())
    for name in ("elmo", "decoder"):
        if given := getattr(options, name):
            os.environ[f"BERT_EXPLAIN_{name.upper()}"] = str(Path(given).expanduser().resolve())
    if options.settings:
        os.environ["BERT_EXPLAIN_SETTINGS"] = str(Path(options.settings).expanduser().resolve())
    for flag, variable in ((options.allow_any_model, "ANY_MODEL"), (options.allow_downloads, "DOWNLOADS")):
        if flag:
            os.environ[f"BERT_EXPLAIN_{variable}"] = "1"
    # The first import of streamlit: late, so that --help answers at once.
    from bert_explain.server.start import serve

    try:
        serve(host=options.host, port=options.port, open_browser=not options.no_browser, names=options.allow_host)
    except ExplainError as error:
        print(f"bert_explain: {error}", file=sys.stderr)
        return 1
    return 0


def command() -> None:
    """The command: `main`, and then the end of the process at once.

    A thread in the middle of a forward pass cannot be told to stop; one that comes back while the interpreter is taken down
    aborts the process.
    """
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    command()
