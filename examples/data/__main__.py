"""Write the input files: ``python -m examples.data``."""

from examples.data.generate import ensure_data

if __name__ == "__main__":
    for path in sorted(ensure_data().iterdir()):
        print(f"{path.stat().st_size:>9,}  {path}")
