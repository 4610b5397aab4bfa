import { mountPage } from '../shared/shell';
import './bench.css';
import { BenchPage } from './page';

mountPage('bench', <BenchPage />);
